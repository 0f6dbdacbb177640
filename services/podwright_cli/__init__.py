"""``podwright``: what a namespace's resources come to, told and acted on from a terminal."""
