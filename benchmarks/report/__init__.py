"""From records to pages: runs, their store, tables, pictures, RESULTS.md and DETAILS.md."""
