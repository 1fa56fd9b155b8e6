"""Random operators, random people and random faults on the real servers, by one seed; then peace, and a judge."""
