"""How results and progress look: tables, cut texts, bars, pages. Knows no prompt."""
