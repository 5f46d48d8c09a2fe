"""PDF files: their text, what of it can be seen, where it stands, and their pages drawn."""

from index.reading.pdf.file import DrawnPage, content, draw_page, drawing, read_pdf, ready

__all__ = ["DrawnPage", "content", "draw_page", "drawing", "read_pdf", "ready"]
