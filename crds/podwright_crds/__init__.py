"""The resource kinds of ``podwright.dev/v1alpha1`` as typed models, and the names that go with them."""
