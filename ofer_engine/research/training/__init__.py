"""How everything under weights/ is made: build scripts, synthetic photos, trainers."""
