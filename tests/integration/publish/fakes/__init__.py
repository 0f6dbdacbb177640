"""Contract fakes: what platforms say in their public documentation, enforced; never compared with them."""
