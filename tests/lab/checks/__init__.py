"""The behaviour checks, by what they are about. Each function is one promise to the user."""
