# Writes what Godot has of the heads that it imported: res://head_0.glb and on.
#   godot --headless --path PROJECT --script res://read.gd -- COUNT
extends SceneTree


func _initialize() -> void:
	for number in int(OS.get_cmdline_user_args()[0]):
		_tell("res://head_%d.glb" % number, "res://found_%d" % number)
	quit(0)


func _tell(path: String, place: String) -> void:
	var scene: Node = (load(path) as PackedScene).instantiate()
	var found: MeshInstance3D = scene.find_children("*", "MeshInstance3D", true, false)[0]
	var skeleton: Skeleton3D = scene.find_children("*", "Skeleton3D", true, false)[0]
	var mesh: ArrayMesh = found.mesh
	var keys := []
	for number in mesh.get_blend_shape_count():
		keys.append(mesh.get_blend_shape_name(number))
	var bones := []
	for number in skeleton.get_bone_count():
		bones.append(skeleton.get_bone_name(number))
	var rest := PackedVector3Array()
	var moved := []
	for key in keys:
		moved.append(PackedVector3Array())
	var most := 0
	var off := 0.0
	var textures := 0
	for surface in mesh.get_surface_count():
		var arrays := mesh.surface_get_arrays(surface)
		rest.append_array(arrays[Mesh.ARRAY_VERTEX])
		var shapes := mesh.surface_get_blend_shape_arrays(surface)
		for number in keys.size():
			moved[number].append_array(shapes[number][Mesh.ARRAY_VERTEX])
		var weights: PackedFloat32Array = arrays[Mesh.ARRAY_WEIGHTS]
		var count: int = arrays[Mesh.ARRAY_VERTEX].size()
		var each: int = weights.size() / count
		for vertex in count:
			var own := weights.slice(vertex * each, (vertex + 1) * each)
			var total := 0.0
			var used := 0
			for weight in own:
				total += weight
				used += int(weight > 0)
			most = max(most, used)
			off = max(off, abs(total - 1))
		var material := mesh.surface_get_material(surface) as BaseMaterial3D
		if material and material.albedo_texture:
			textures += 1
	var report := {
		"keys": keys, "bones": bones, "influences": most, "off_one": off, "textures": textures,
		"vertices": rest.size(), "relative": mesh.blend_shape_mode == Mesh.BLEND_SHAPE_MODE_RELATIVE,
		"version": Engine.get_version_info()["string"],
	}
	var out := FileAccess.open(place, FileAccess.WRITE)
	out.store_line(JSON.stringify(report))
	out.store_buffer(rest.to_byte_array())
	for points in moved:
		out.store_buffer(points.to_byte_array())
	out.close()
	scene.free()
