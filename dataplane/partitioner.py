"""Where a key lies: the partitioner of Kafka's Java clients, which librdkafka calls murmur2."""

from functools import lru_cache
from struct import unpack_from


def murmur2(key: bytes) -> int:
    """Signed-as-unsigned 32-bit murmur2 of `key` with the seed of org.apache.kafka.common.utils.Utils.murmur2."""
    mask, magic = 0xFFFFFFFF, 0x5BD1E995
    length = len(key)
    hashed = (0x9747B28C ^ length) & mask
    words = length // 4
    for word in unpack_from(f"<{words}I", key):
        mixed = word * magic & mask
        hashed = (hashed * magic & mask) ^ ((mixed ^ mixed >> 24) * magic & mask)
    if length > 4 * words:
        hashed = (hashed ^ int.from_bytes(key[4 * words :], "little")) * magic & mask
    hashed = (hashed ^ hashed >> 13) * magic & mask
    return hashed ^ hashed >> 15


@lru_cache(maxsize=65_536)  # a stage says the same things about the same subjects
def partition_of(key: bytes, count: int) -> int:
    """The partition, of `count`, that Java's default partitioner and librdkafka's `murmur2_random` choose for `key`."""
    return (murmur2(key) & 0x7FFFFFFF) % count
