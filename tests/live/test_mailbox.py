from __future__ import annotations

from threading import Thread

from impasto.live.mailbox import Mailbox


def test_what_was_put_is_taken_once() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(7)
    assert mailbox.take(0) == 7
    assert mailbox.take(0) is None


def test_the_newest_wins_and_the_others_are_counted() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for number in range(5):
        mailbox.put(number)
    assert mailbox.take(0) == 4
    assert (mailbox.num_put, mailbox.num_dropped) == (5, 4)


def test_what_is_taken_in_time_is_not_dropped() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for number in range(3):
        mailbox.put(number)
        assert mailbox.take(0) == number
    assert mailbox.num_dropped == 0


def test_the_last_one_can_be_taken_after_closing() -> None:
    mailbox: Mailbox[str] = Mailbox()
    mailbox.put("last")
    mailbox.close()
    assert not mailbox.is_finished
    assert mailbox.take() == "last"
    assert mailbox.is_finished
    assert mailbox.take() is None


def test_nothing_comes_into_a_closed_one() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.close()
    mailbox.put(1)
    assert mailbox.is_finished
    assert mailbox.num_put == 0


def test_an_open_one_is_not_finished() -> None:
    assert not Mailbox[int]().is_finished


def test_a_waiting_thread_is_woken_by_an_item_and_by_the_end() -> None:
    mailbox: Mailbox[int] = Mailbox()
    taken: list[int | None] = []

    def take_two() -> None:
        taken.append(mailbox.take())
        taken.append(mailbox.take())

    thread = Thread(target=take_two)
    thread.start()
    mailbox.put(1)
    while not taken:
        pass
    mailbox.close()
    thread.join(10)
    assert taken == [1, None]


def test_another_thread_gets_items_in_order_and_misses_none_silently() -> None:
    mailbox: Mailbox[int] = Mailbox()
    taken: list[int] = []

    def take_all() -> None:
        while (item := mailbox.take()) is not None:
            taken.append(item)

    thread = Thread(target=take_all)
    thread.start()
    for number in range(2000):
        mailbox.put(number)
    mailbox.close()
    thread.join(10)
    assert taken == sorted(set(taken))
    assert taken[-1] == 1999
    assert len(taken) + mailbox.num_dropped == 2000
