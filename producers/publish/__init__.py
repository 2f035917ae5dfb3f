"""The departments' door: statements are checked, pseudonymised, encoded and produced here, and nowhere else."""

from producers.publish.publisher import NotDelivered, Publisher, PublishRefused
from producers.publish.statement import InvalidStatement, Statement

__all__ = ["InvalidStatement", "NotDelivered", "PublishRefused", "Publisher", "Statement"]
