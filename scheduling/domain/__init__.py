"""Pure scheduling rules and engines: standard library only, no Django, no clock, no settings.

`now`, the zone and the policy are always arguments.
"""
