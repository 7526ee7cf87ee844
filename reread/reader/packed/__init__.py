"""An encoder's products with weights packed once, over segments side by side, without padding."""
