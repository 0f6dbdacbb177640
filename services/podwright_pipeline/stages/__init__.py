"""One module a stage; each has ``run(work) -> StageOutput``."""
