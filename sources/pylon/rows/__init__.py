"""From a page of JSON to typed rows by the catalogue: types, masks, unknown fields, versions. Pure."""
