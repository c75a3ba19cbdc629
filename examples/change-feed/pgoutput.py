# SPDX-License-Identifier: Apache-2.0
"""What PostgreSQL's output plugin pgoutput says (protocol version 1): begin, commit, the shape of a
table before its first row, and rows. Numbers are big-endian, names end with a zero byte."""
import collections
import struct

Change = collections.namedtuple('Change', 'kind table row')
Transaction = collections.namedtuple('Transaction', 'lsn end xid changes')
Table = collections.namedtuple('Table', 'name columns')


class Message:
    """Bytes that are read from front to back."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from('>' + form, self.data, self.at)
        self.at += struct.calcsize('>' + form)
        return values[0] if len(values) == 1 else values

    def text(self):
        end = self.data.index(0, self.at)
        text, self.at = self.data[self.at:end].decode(), end + 1
        return text

    def value(self):
        """A value as text; None for NULL, and False for a large one that has not changed."""
        kind = self.take('c')
        if kind == b't':
            return self.take(f'{self.take("i")}s').decode()
        return None if kind == b'n' else False

    def row(self, table):
        values = [self.value() for _ in range(self.take('h'))]
        return {c: v for c, v in zip(table.columns, values) if v is not False}


class Decoder:
    def __init__(self):
        self.tables = {}
        self.begun = None       # the open transaction

    def feed(self, data):
        """The transaction that this message ends, if it does."""
        message = Message(data)
        read = {b'B': self.begin, b'R': self.relation, b'I': self.insert, b'U': self.update,
                b'D': self.delete, b'T': self.truncate, b'C': self.commit}.get(message.take('c'))
        return read and read(message)

    def begin(self, message):
        lsn, _, xid = message.take('QqI')
        self.begun = Transaction(lsn, None, xid, [])

    def commit(self, message):
        end = message.take('BQQq')[2]
        return self.begun._replace(end=end)

    def relation(self, message):
        number = message.take('I')
        name = f'{message.text()}.{message.text()}'
        columns = []
        for _ in range(message.take('ch')[1]):
            message.take('B')
            columns.append(message.text())
            message.take('Ii')
        self.tables[number] = Table(name, columns)

    def note(self, kind, table, row):
        self.begun.changes.append(Change(kind, table.name, row))

    def insert(self, message):
        table = self.tables[message.take('Ic')[0]]
        self.note('insert', table, message.row(table))

    def update(self, message):
        """The row as it was may come before the row as it is."""
        number, part = message.take('Ic')
        table = self.tables[number]
        if part != b'N':
            message.row(table)
            message.take('c')
        self.note('update', table, message.row(table))

    def delete(self, message):
        """As much of the row as the table's REPLICA IDENTITY says."""
        table = self.tables[message.take('Ic')[0]]
        self.note('delete', table, message.row(table))

    def truncate(self, message):
        for _ in range(message.take('IB')[0]):
            self.note('truncate', self.tables[message.take('I')], {})
