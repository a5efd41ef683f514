import GlomersRuntime
import LastWriter

run(MapNode.self)
