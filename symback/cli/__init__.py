"""What users type: the command line, the session and the notebook."""
