"""What a folder holds."""


def entries(folder):
    return sorted(p.name for p in folder.iterdir() if p.name != "__pycache__")
