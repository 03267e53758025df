"""What a paper that uses a board needs: whom to cite, and a paragraph on its methods."""
