"""The page of clinical leads and therapists: alerts become decisions, and repairs are followed."""
