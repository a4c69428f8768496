"""How the bundled pack is made and measured. It is not part of the extension."""
