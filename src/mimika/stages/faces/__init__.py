"""Finding faces, cropping them and keeping them apart."""
