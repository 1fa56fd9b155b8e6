"""The lab: real Zino, real Argus on PostgreSQL and the built `zinoargus` between them, on loopback."""
