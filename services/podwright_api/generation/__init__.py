"""Documents that models write: which model, what it is asked, and the work itself."""
