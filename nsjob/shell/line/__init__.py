"""What is typed: highlighting, completion, mistakes, indentation. Knows no terminal."""
