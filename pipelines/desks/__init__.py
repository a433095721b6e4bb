"""The desks that can be copied: what the verbs have to know of each, in one small object."""
