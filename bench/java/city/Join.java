package city;

import java.time.Duration;
import java.util.Properties;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The city join of bench/job.py in Kafka Streams: Processor API, RocksDB stores with changelogs, exactly_once_v2. */
public class Join {
  static class Resident implements Processor<String, GenericRecord, String, GenericRecord> {
    ProcessorContext<String, GenericRecord> context;
    KeyValueStore<String, GenericRecord> rows;

    public void init(ProcessorContext<String, GenericRecord> given) {
      context = given;
      rows = given.getStateStore("residents");
    }

    public void process(Record<String, GenericRecord> record) {
      String resident = record.key();
      GenericRecord row = rows.get(resident);
      if (row == null) row = City.newResident(resident);
      City.Step step = City.step(row, record.value());
      if (step.changed()) rows.put(resident, row);
      if (step.said()) context.forward(record.withKey(resident).withValue(row), "views");
      for (City.Change change : step.changes()) {
        GenericRecord value = City.record(change, resident, City.text(record.value().get("event_id")));
        context.forward(record.withKey(change.household()).withValue(value), "changes");
      }
    }
  }

  static class Household implements Processor<String, GenericRecord, String, GenericRecord> {
    ProcessorContext<String, GenericRecord> context;
    KeyValueStore<String, GenericRecord> rows;

    public void init(ProcessorContext<String, GenericRecord> given) {
      context = given;
      rows = given.getStateStore("households");
    }

    public void process(Record<String, GenericRecord> record) {
      GenericRecord kept = City.members(rows.get(record.key()), record.value());
      rows.put(record.key(), kept);
      context.forward(record.withValue(City.household(record.key(), kept, record.value().get("trigger"))));
    }
  }

  public static void main(String[] arguments) throws Exception {
    City.readSchemas(City.setting("BENCH_SCHEMAS", "schemas.json"));
    String run = City.setting("BENCH_RUN", "bench-run-"), input = City.setting("BENCH_INPUT", "bench-in-");
    Properties settings = new Properties();
    settings.put("application.id", run + "streams");
    settings.put("bootstrap.servers", City.setting("BENCH_BOOTSTRAP", "127.0.0.1:19092"));
    settings.put("num.stream.threads", City.setting("BENCH_THREADS", "1"));
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("commit.interval.ms", "100");
    settings.put("state.dir", City.setting("BENCH_STATE", "state"));
    settings.put("replication.factor", "1");
    settings.put("auto.offset.reset", "earliest");
    settings.put("producer.compression.type", "lz4");
    settings.put("producer.linger.ms", "5");
    settings.put("producer.batch.size", "262144");
    settings.put("max.poll.records", "5000");
    settings.put("consumer.max.partition.fetch.bytes", City.setting("BENCH_FETCH_BYTES", "65536"));
    settings.put("session.timeout.ms", "6000");
    settings.put("heartbeat.interval.ms", "500");
    settings.put("statestore.cache.max.bytes", "0");
    Topology topology = new Topology();
    String[] inputs = new String[City.SOURCES.length];
    for (int i = 0; i < City.SOURCES.length; i++) inputs[i] = input + City.SOURCES[i];
    Serde<String> key = Serdes.String();
    topology.addSource("events", key.deserializer(), new City.Avro(null), inputs);
    topology.addProcessor("resident", Resident::new, "events");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("residents"), key, new City.Avro("resident")), "resident");
    topology.addSink("views", run + "residents", key.serializer(), new City.Avro("resident"), "resident");
    topology.addSink("changes", run + "changes", key.serializer(), new City.Avro("change"), "resident");
    topology.addSource("said", key.deserializer(), new City.Avro(null), run + "changes");
    topology.addProcessor("household", Household::new, "said");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("households"), key, new City.Avro("household_state")),
        "household");
    topology.addSink("households", run + "households", key.serializer(), new City.Avro("household"), "household");
    KafkaStreams streams = new KafkaStreams(topology, settings);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
    streams.start();
  }
}
