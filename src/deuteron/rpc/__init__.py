"""What agents ask and are told, over oslo.messaging: the wire of Neutron's agents.

    RabbitMQ --> server.Server --> dispatcher.Dispatcher --> handler(d, call, **arguments)
      one per topic                   chooses by method         a function of reports.py,
                                      and version               devices.py, tunnels.py, ...
    outgoing.Outgoing --> RabbitMQ --> agents

`topics.TOPICS` is the table of everything that is answered. A handler is to agents what a handler
of `deuteron.api` is to clients: it checks the arguments, calls a verb of the core and gives the
answer the form of the wire. It knows no SQL.

This package is imported by the processes that speak with agents only: oslo.messaging is heavy.
"""
