package city;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.apache.flink.api.common.typeinfo.TypeHint;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * How FlinkJoin.java and bench/systems/pyflink.py read and write Kafka: (key, framed Avro), exactly once. PyFlink's own
 * reader drops the keys. PyFlink loads this class without Avro's jar, so nothing here names City.
 */
public class FlinkKafka {
  static final TypeInformation<Tuple2<String, byte[]>> KEYED = TypeInformation.of(new TypeHint<>() {});

  static class Read implements KafkaRecordDeserializationSchema<Tuple2<String, byte[]>> {
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Tuple2<String, byte[]>> out) {
      out.collect(Tuple2.of(new String(record.key(), StandardCharsets.UTF_8), record.value()));
    }

    public TypeInformation<Tuple2<String, byte[]>> getProducedType() { return KEYED; }
  }

  /** Says its topic as well, since the sink looks up which transactions on it are open. */
  record Write(String topic)
      implements KafkaRecordSerializationSchema<Tuple2<String, byte[]>>, KafkaDatasetFacetProvider {
    public ProducerRecord<byte[], byte[]> serialize(
        Tuple2<String, byte[]> record, KafkaSinkContext context, Long timestamp) {
      return new ProducerRecord<>(topic, record.f0.getBytes(StandardCharsets.UTF_8), record.f1);
    }

    public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
      return Optional.of(
          new DefaultKafkaDatasetFacet(DefaultKafkaDatasetIdentifier.ofTopics(List.of(topic)), new Properties()));
    }
  }

  /** At most `fetchBytes` of a partition at a time, see job.FETCH_BYTES. */
  public static KafkaSource<Tuple2<String, byte[]>> source(
      String servers, String group, List<String> topics, String fetchBytes) {
    return KafkaSource.<Tuple2<String, byte[]>>builder()
        .setBootstrapServers(servers)
        .setGroupId(group)
        .setTopics(topics)
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setProperty("max.partition.fetch.bytes", fetchBytes)
        .setDeserializer(new Read())
        .build();
  }

  public static KafkaSink<Tuple2<String, byte[]>> sink(String servers, String topic) {
    return KafkaSink.<Tuple2<String, byte[]>>builder()
        .setBootstrapServers(servers)
        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(topic)
        .setTransactionNamingStrategy(TransactionNamingStrategy.POOLING)
        .setProperty("transaction.timeout.ms", "60000")
        .setProperty("compression.type", "lz4")
        .setProperty("linger.ms", "5")
        .setProperty("batch.size", "262144")
        .setRecordSerializer(new Write(topic))
        .build();
  }
}
