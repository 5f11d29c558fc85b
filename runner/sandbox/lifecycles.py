"""What follows when an order reaches a stage."""

from runner.sandbox import arrivals, incoming, notifications
from runner.sandbox.books import Books
from runner.sandbox.orders import Order
from runner.sandbox.world import World


def after_stage(world: World, books: Books, order: Order) -> None:
    """Let follow what has to follow; called once for each stage of each order, in time's order."""
    notifications.notify(world, books, order)
    incoming.collect(world, books, order)
    arrivals.arrive(world, books, order)
