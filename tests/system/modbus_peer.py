"""A Modbus unit by other people: Debian's python3-pymodbus does framing, checksums, function codes and data; here it is
only given bytes (its own server wants python3-serial, which nothing else needs).

    modbus_peer.py tcp 1 2 3 4      plays units 1 to 4 on a free port; says "at 127.0.0.1:PORT"
    modbus_peer.py rtu 1 2          plays units on a pseudo-terminal; says "at /dev/pts/N"

It then takes lines from its standard input and answers each with a line: `get KIND UNIT ADDRESS`, `set KIND UNIT ADDRESS
VALUE`, `count` (reads so far of coils, discrete inputs, holding and input registers), `silent` (answers no more), `speak`, `hang up` (TCP: ends its connections).
"""

import os
import selectors
import socket
import sys
import tty

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.exceptions import NoSuchSlaveException
from pymodbus.factory import ServerDecoder
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer

KINDS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}


def unit(number):
    """What each unit holds: its number shows in every value; addresses not named do not exist."""
    inputs = {a: 0 for a in range(40)}
    inputs.update({0: 0x4366, 1: 0x199A,                    # 230.1 as f32
                   2: 0xE979, 3: 0x42F6,                    # 123.456 as f32, low word first
                   4: 0x10000 - 100 - number,               # -10.0 - number / 10
                   5: 0x0001, 6: 0x86A0 + number,           # 100000 + number
                   7: number, 8: 0x8000})
    holding = {a: 0 for a in (0, 1, 2, 10, 11, 12)}         # 3 to 9 are a hole
    bits = {a: False for a in range(8)}
    return ModbusSlaveContext(zero_mode=True, ir=ModbusSparseDataBlock(inputs), hr=ModbusSparseDataBlock(holding),
                              co=ModbusSparseDataBlock(dict(bits)), di=ModbusSparseDataBlock({**bits, 3: True}))


class Peer:
    def __init__(self, framing, numbers):
        self.framing = framing
        self.context = ModbusServerContext(slaves={n: unit(n) for n in numbers}, single=False)
        self.numbers = numbers
        self.count = [0] * 5  # by function code
        self.silent = False
        self.poll = selectors.DefaultSelector()
        self.connections = {}

    def framer(self):
        return (ModbusRtuFramer if self.framing == "rtu" else ModbusSocketFramer)(ServerDecoder())

    def answer(self, framer, request, send):
        if request.function_code < len(self.count):
            self.count[request.function_code] += 1
        if self.silent:
            return
        try:
            reply = request.execute(self.context[request.unit_id])
        except NoSuchSlaveException:
            return
        if request.unit_id == 0:
            return
        reply.transaction_id = request.transaction_id
        reply.unit_id = request.unit_id
        send(framer.buildPacket(reply))

    def hang_up(self):
        for fd, connection in list(self.connections.items()):
            self.poll.unregister(fd)
            connection.close()
        self.connections.clear()

    def listen(self):
        server = socket.create_server(("127.0.0.1", 0))

        def accept():
            connection, _ = server.accept()
            framer = self.framer()

            def take():
                data = connection.recv(4096)
                if not data:
                    self.poll.unregister(connection)
                    del self.connections[connection]
                    connection.close()
                else:
                    framer.processIncomingPacket(data, lambda r: self.answer(framer, r, connection.sendall), self.numbers)
            self.connections[connection] = connection
            self.poll.register(connection, selectors.EVENT_READ, take)

        self.poll.register(server, selectors.EVENT_READ, accept)
        print("at 127.0.0.1:%d" % server.getsockname()[1], flush=True)

    def terminal(self):
        master, slave = os.openpty()  # the slave end stays open, so that the line is there before its user
        tty.setraw(slave)
        framer = self.framer()

        def take():
            framer.processIncomingPacket(os.read(master, 4096), lambda r: self.answer(framer, r, lambda b: os.write(master, b)),
                                         [0, *self.numbers])
        self.poll.register(master, selectors.EVENT_READ, take)
        print("at %s" % os.ttyname(slave), flush=True)

    def command(self):
        words = sys.stdin.readline().split()
        if not words:
            raise SystemExit
        if words[0] in ("get", "set"):
            unit_at, address = self.context[int(words[2])], int(words[3])
            if words[0] == "set":
                unit_at.setValues(KINDS[words[1]], address, [int(words[4])])
            print(int(unit_at.getValues(KINDS[words[1]], address, 1)[0]), flush=True)
        elif words[0] == "count":
            print(*self.count[1:], flush=True)
        else:
            self.silent = words[0] == "silent"
            if words[0] == "hang":
                self.hang_up()
            print("ok", flush=True)

    def run(self):
        self.poll.register(sys.stdin, selectors.EVENT_READ, self.command)
        (self.terminal if self.framing == "rtu" else self.listen)()
        while True:
            for key, _ in self.poll.select():
                key.data()


if __name__ == "__main__":
    Peer(sys.argv[1], [int(n) for n in sys.argv[2:]]).run()
