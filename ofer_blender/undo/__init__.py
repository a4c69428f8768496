"""Nothing is lost: every class of ours passes a guard, and what fails is taken back."""
