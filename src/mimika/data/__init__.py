"""What flows between the stages: validated containers, options, errors. numpy and the standard library only."""
