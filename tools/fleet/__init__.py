"""A fleet of replicas under load and under attack: `python -m tools.fleet`.

Real servers (PostgreSQL, SeaweedFS, `entrepot serve`) on this machine; clients that push, move,
delete and pull through a balancer of their own; a nemesis that kills, pauses, restarts and cuts.
Afterwards all that was acknowledged must be there, byte for byte, on each replica, and what clients
saw of each tag must be what a single register does.
"""
