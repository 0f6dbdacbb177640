"""Files on their way into a tenant's bucket: followed, checked, and removed where nobody wants them."""
