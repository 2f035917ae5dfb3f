package city;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.generic.GenericRecord;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/**
 * The city join of bench/job.py as a Flink DataStream job: RocksDB state with incremental checkpoints every 100 ms, whose
 * transactions make the three sinks exactly once. What flows is (key, framed Avro), so that nothing is serialised twice.
 */
public class FlinkJoin {
  static final TypeInformation<Tuple2<String, byte[]>> KEYED = FlinkKafka.KEYED;
  static final OutputTag<Tuple2<String, byte[]>> CHANGES = new OutputTag<>("changes", KEYED);

  static void readSchemas() throws IOException {
    if (City.BY_ID.isEmpty()) City.readSchemas(City.setting("BENCH_SCHEMAS", "schemas.json"));
  }

  abstract static class Fold extends KeyedProcessFunction<String, Tuple2<String, byte[]>, Tuple2<String, byte[]>> {
    transient ValueState<byte[]> kept;
    transient City.Avro read;

    public void open(OpenContext context) throws Exception {
      readSchemas();
      read = new City.Avro(null);
      kept = getRuntimeContext().getState(new ValueStateDescriptor<>("kept", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    }
  }

  static class Residents extends Fold {
    transient City.Avro row, change;

    public void open(OpenContext context) throws Exception {
      super.open(context);
      row = new City.Avro("resident");
      change = new City.Avro("change");
    }

    public void processElement(
        Tuple2<String, byte[]> event, Context context, Collector<Tuple2<String, byte[]>> out) throws Exception {
      byte[] before = kept.value();
      GenericRecord resident = before == null ? City.newResident(event.f0) : read.deserialize(null, before);
      GenericRecord statement = read.deserialize(null, event.f1);
      City.Step step = City.step(resident, statement);
      if (!step.said()) return;
      byte[] after = row.serialize(null, resident);
      if (step.changed()) kept.update(after);
      out.collect(Tuple2.of(event.f0, after));
      for (City.Change one : step.changes()) {
        GenericRecord value = City.record(one, event.f0, City.text(statement.get("event_id")));
        context.output(CHANGES, Tuple2.of(one.household(), change.serialize(null, value)));
      }
    }
  }

  static class Households extends Fold {
    transient City.Avro row, state;

    public void open(OpenContext context) throws Exception {
      super.open(context);
      row = new City.Avro("household");
      state = new City.Avro("household_state");
    }

    public void processElement(
        Tuple2<String, byte[]> event, Context context, Collector<Tuple2<String, byte[]>> out) throws Exception {
      byte[] before = kept.value();
      GenericRecord change = read.deserialize(null, event.f1);
      GenericRecord after = City.members(before == null ? null : read.deserialize(null, before), change);
      kept.update(state.serialize(null, after));
      out.collect(Tuple2.of(event.f0, row.serialize(null, City.household(event.f0, after, change.get("trigger")))));
    }
  }

  public static void main(String[] arguments) throws Exception {
    readSchemas();
    String run = City.setting("BENCH_RUN", "bench-run-"), input = City.setting("BENCH_INPUT", "bench-in-");
    String servers = City.setting("BENCH_BOOTSTRAP", "127.0.0.1:19092"), state = City.setting("BENCH_STATE", "state");
    Configuration settings = new Configuration();
    settings.setString("state.backend.type", "rocksdb");
    settings.setString("execution.checkpointing.incremental", "true");
    settings.setString("execution.checkpointing.interval", "100 ms");
    settings.setString("execution.checkpointing.dir", "file://" + state + "/checkpoints");
    settings.setString("io.tmp.dirs", state);
    settings.setString("pipeline.object-reuse", "true");
    settings.setString("taskmanager.memory.managed.size", "256m");
    StreamExecutionEnvironment flink = StreamExecutionEnvironment.createLocalEnvironment(1, settings);
    List<String> inputs = Arrays.stream(City.SOURCES).map(source -> input + source).toList();
    KafkaSource<Tuple2<String, byte[]>> source =
        FlinkKafka.source(servers, run + "flink", inputs, City.setting("BENCH_FETCH_BYTES", "65536"));
    SingleOutputStreamOperator<Tuple2<String, byte[]>> residents =
        flink.fromSource(source, WatermarkStrategy.noWatermarks(), "events").keyBy(event -> event.f0, Types.STRING)
            .process(new Residents()).returns(KEYED);
    residents.sinkTo(FlinkKafka.sink(servers, run + "residents"));
    residents.getSideOutput(CHANGES).sinkTo(FlinkKafka.sink(servers, run + "changes"));
    residents.getSideOutput(CHANGES).keyBy(change -> change.f0, Types.STRING).process(new Households()).returns(KEYED)
        .sinkTo(FlinkKafka.sink(servers, run + "households"));
    flink.execute("city");
  }
}
