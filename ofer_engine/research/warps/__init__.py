"""Pictures bent until they show another, known head: real pixels with a known answer."""
