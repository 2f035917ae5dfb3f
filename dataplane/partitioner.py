"""Where a key lies: the partitioner of Kafka's Java clients, which librdkafka calls murmur2."""


def murmur2(key: bytes) -> int:
    """Signed-as-unsigned 32-bit murmur2 of `key` with the seed of org.apache.kafka.common.utils.Utils.murmur2."""
    mask, magic = 0xFFFFFFFF, 0x5BD1E995
    length = len(key)
    hashed = (0x9747B28C ^ length) & mask
    whole = length & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at : at + 4], "little") * magic & mask
        word = (word ^ word >> 24) * magic & mask
        hashed = (hashed * magic & mask) ^ word
    if length > whole:
        hashed = (hashed ^ int.from_bytes(key[whole:], "little")) * magic & mask
    hashed = (hashed ^ hashed >> 13) * magic & mask
    return hashed ^ hashed >> 15


def partition_of(key: bytes, count: int) -> int:
    """The partition, of `count`, that Java's default partitioner and librdkafka's `murmur2_random` choose for `key`."""
    return (murmur2(key) & 0x7FFFFFFF) % count
