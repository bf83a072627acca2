"""Generated modules: the lecture's circuits and the trained example, as symback emits them.

`python tools/regenerate.py` writes them anew; a test keeps them in step with the generator.
"""
