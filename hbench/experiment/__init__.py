"""From a suite to results: plan, bind, run, collect."""
