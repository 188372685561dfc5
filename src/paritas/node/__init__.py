"""The shell around the core: scheme file, intake, group commit, views and outbox."""
