"""The built-in scorers, one small file per method, registered by entry point as any third party's are."""
