"""Small real worlds that tests share: models, homes, services, checkpoints and documents."""
