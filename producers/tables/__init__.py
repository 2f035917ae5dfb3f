"""Any file as rows of cells: text, JSON, workbooks, web pages. Knows nothing of departments and their columns."""
