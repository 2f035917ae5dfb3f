"""A small made-up city for trying citygrid out: two streets of Panyu, synthetic people, the departments' export files.

Nothing in it is real but the district. It is published through the door that every department uses.
"""
