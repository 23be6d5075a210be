from speccheck import *  # noqa: F403
