"""The told year as one page without a server: its money, its rush, its caps, one firm's way, its refusals."""
