"""What a run leaves: files, plots and pictures of descent."""
