"""Converting the packaged face networks to safetensors."""
