# SPDX-License-Identifier: Apache-2.0
"""Changes the table `items` in transactions of one to five steps, and prints how many there were.

usage: writer.py PORT DSN TRANSACTIONS SEED
"""
import random
import sys
import time

import psycopg2

STEPS = (
    '''INSERT INTO items VALUES (%(id)s, 'item %(id)s', %(stock)s) ON CONFLICT (id)
       DO UPDATE SET stock = items.stock + 1, revision = nextval('revisions')''',
    '''UPDATE items SET stock = %(stock)s, revision = nextval('revisions')
       WHERE id BETWEEN %(id)s AND %(id)s + 2''',
    'DELETE FROM items WHERE id = %(id)s',
)


def write(connection, dice):
    with connection, connection.cursor() as cursor:
        for _ in range(dice.randint(1, 5)):
            cursor.execute(dice.choice(STEPS),
                           {'id': dice.randrange(200), 'stock': dice.randrange(1000)})


def main(dsn, transactions, seed):
    dice, done = random.Random(seed), 0
    while done < transactions:
        try:
            connection = psycopg2.connect(dsn)
            while done < transactions:
                write(connection, dice)
                done += 1
                print(done, flush=True)
                time.sleep(0.003)
        except psycopg2.Error:
            time.sleep(0.05)


main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
