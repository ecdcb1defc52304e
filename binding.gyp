{
  "targets": [
    {
      "target_name": "shiftscope",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "message": "Handing over to cmake-js: CMakeLists.txt is the only list of sources",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["native/build/Release/shiftscope.node"],
          "action": ["npm", "run", "build:native"]
        }
      ]
    }
  ]
}
