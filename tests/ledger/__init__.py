"""The ledger: each shape of statement that the product sends, and the page that backs it."""
