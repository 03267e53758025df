"""Two of a kind in numbers: two methods of a board, or two versions of one."""
